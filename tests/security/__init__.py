"""Attacks that must fail, and what an operator may get wrong."""
