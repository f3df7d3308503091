"""`antin witness`: a witness of other agencies' logs, as a service of its own. No archive, no database, no PDF."""
