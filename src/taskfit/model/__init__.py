"""Local networks and remote endpoints behind one protocol, and the one chat-template renderer."""
