"""The world as VI JSON: for each managed type, a function for each top-level property.

The functions give a property's plain JSON value: data objects and references with `_typeName`, fields of declared type
unboxed, `Any` fields boxed, None where the property is unset. Boxing for `val` is the property collector's affair.
"""
