"""How strong an agent is."""
