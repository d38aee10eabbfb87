"""The templates and fonts of the PDF."""
