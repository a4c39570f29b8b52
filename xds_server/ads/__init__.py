"""The xDS protocol: sessions without sockets, and a thin gRPC shell around them."""
