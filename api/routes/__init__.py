"""HTTP routes: thin. They read the request, call one service function, and shape the answer."""
