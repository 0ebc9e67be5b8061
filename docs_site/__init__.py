"""The pages of this repository as a web site with search (``make docs``), and their pictures (``make pictures``)."""
