"""Readable twins of the kernels, written from the papers: plain loops and recursion over histories, never from the kernels."""
