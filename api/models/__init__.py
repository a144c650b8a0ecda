"""What crosses between the layers: what clients send and receive, and what is stored."""
