"""The recipe runner: plans the stages of a recipe, runs them, and records what came out."""
