"""A trained model becomes a verified bundle. The only place that imports training libraries."""
