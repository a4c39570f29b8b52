{{/* The name of what the release makes, cut to what a label's value may hold. */}}
{{- define "gatehouse.name" -}}
{{- if contains "gatehouse" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-gatehouse" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of what is not in a namespace: two releases of one name in two namespaces do not meet. */}}
{{- define "gatehouse.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "gatehouse.name" .) -}}
{{- end -}}

{{- define "gatehouse.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "gatehouse.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "gatehouse.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- end -}}
{{- end -}}

{{/* The Secret that holds the xDS server's certificate; empty where the control plane has an authority of its own. */}}
{{- define "gatehouse.certificateSecret" -}}
{{- with .Values.xds.certificate -}}
{{- if .secretName -}}
{{- .secretName -}}
{{- else if .certManager.create -}}
{{- printf "%s-xds" (include "gatehouse.name" $) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of the control plane; never changed by an upgrade. */}}
{{- define "gatehouse.selector" -}}
app.kubernetes.io/name: gatehouse
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: control-plane
{{- end -}}

{{- define "gatehouse.labels" -}}
app.kubernetes.io/name: gatehouse
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
