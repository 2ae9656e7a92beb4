"""The widgets: each draws its own lines."""
