"""The posterior room."""
