"""The wire format: frames, positions and names of channels. Standard library only."""
