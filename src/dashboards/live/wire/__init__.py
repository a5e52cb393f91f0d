"""What travels: frames, positions and names of channels. Standard library only."""
