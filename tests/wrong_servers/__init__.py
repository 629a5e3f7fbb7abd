"""
Servers that are wrong in one way each, and lawful servers that differ; all run on loopback and share no code with the
emulator. `zoo` lists them, `serving.serving` runs one; what an engine finds in them is measured elsewhere.
"""
