// Package conformance_test runs the Gateway API's official conformance suite, as released: its manifests, its timeouts,
// no test left out by name. What is claimed is what the GatewayClass says, which the control plane writes from one table.
package conformance_test

import (
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
)

// TestConformance runs the suite with the options of its own flags, against the cluster of KUBECONFIG.
func TestConformance(t *testing.T) {
	conformance.RunConformance(t)
}
