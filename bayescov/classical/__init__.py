"""The classical room."""
