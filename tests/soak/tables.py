"""stub"""
from pathlib import Path
import random
def tables(folder: Path): return lambda rng: "x"
