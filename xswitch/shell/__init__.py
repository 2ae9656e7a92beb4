"""What a switched process gets: its environment, its prompt, its terminal, and the registry of those that run."""
