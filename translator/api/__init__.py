"""The Kubernetes side: each kind decoded into frozen structs that hold only the fields Gatehouse reads."""
