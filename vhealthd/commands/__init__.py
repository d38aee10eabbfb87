"""The commands, one module for each part of the program that they show."""
