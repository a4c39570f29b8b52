// Csds asks a control plane over CSDS (envoy.service.status.v3) with the stubs that Envoy's project publishes for Go, and
// prints a line for each resource of each client: node, type, name, version, and both sides' status.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	_ "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	status "github.com/envoyproxy/go-control-plane/envoy/service/status/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := status.NewClientStatusDiscoveryServiceClient(connection)
	answer, err := client.FetchClientStatus(ctx, &status.ClientStatusRequest{}, grpc.MaxCallRecvMsgSize(1<<30))
	if err != nil {
		return err
	}
	for _, config := range answer.Config {
		for _, it := range config.GenericXdsConfigs {
			if _, err := it.GetXdsConfig().UnmarshalNew(); err != nil {
				return fmt.Errorf("%s %s: %w", it.TypeUrl, it.Name, err)
			}
			fmt.Println(config.Node.GetCluster(), config.Node.GetId(), it.TypeUrl, it.Name, it.VersionInfo, it.ConfigStatus, it.ClientStatus)
		}
	}
	return nil
}
