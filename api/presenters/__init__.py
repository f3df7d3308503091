"""From the service's values to what pages show (`api.pages.views`). Read only."""
