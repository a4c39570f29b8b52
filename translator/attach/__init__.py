"""Gateway API semantics in the specification's words: from api values to bindings, rules and conditions."""
