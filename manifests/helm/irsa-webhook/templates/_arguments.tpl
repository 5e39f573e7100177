{{/* The arguments of the container: the flags of the program. */}}

{{/* The name of the flag that a value is for: awsDefaultRegion is aws-default-region. */}}
{{- define "irsa-webhook.flagName" -}}
{{- . | trimSuffix "Seconds" | kebabcase -}}
{{- end -}}

{{/* Which value a flag is given by, as YAML. */}}
{{- define "irsa-webhook.flagValues" -}}
port: port
metrics-port: metricsPort
namespace: the namespace of the release
shutdown-delay: shutdownDelaySeconds
in-cluster: certificates.mode
service-name: fullnameOverride
tls-secret: certificates.secretName
webhook-configuration: webhook.name
tls-cert: certificates.mode
tls-key: certificates.mode
{{- range $block, $values := dict "config" .Values.config "certificates.selfManaged" .Values.certificates.selfManaged }}
{{- range $key := keys $values }}
{{ include "irsa-webhook.flagName" $key }}: {{ $block }}.{{ $key }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A map of values as flags: {awsDefaultRegion: x} is --aws-default-region=x; an empty one is the program's default. */}}
{{- define "irsa-webhook.flags" -}}
{{- range $key, $value := . }}
{{- if ne (toString $value) "" }}
- {{ printf "--%s=%v" (include "irsa-webhook.flagName" $key) (kindIs "float64" $value | ternary (int64 $value) $value) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "irsa-webhook.arguments" -}}
- --port={{ int .Values.port }}
- --metrics-port={{ int .Values.metricsPort }}
- --namespace=$(POD_NAMESPACE)
- --shutdown-delay={{ int .Values.shutdownDelaySeconds }}s
{{- if eq .Values.certificates.mode "self-managed" }}
- --in-cluster=true
- --service-name={{ include "irsa-webhook.fullname" . }}
- --tls-secret={{ include "irsa-webhook.secretName" . }}
- --webhook-configuration={{ include "irsa-webhook.configurationName" . }}
{{- include "irsa-webhook.flags" .Values.certificates.selfManaged }}
{{- else }}
- --in-cluster=false
- --tls-cert=/etc/webhook/certs/tls.crt
- --tls-key=/etc/webhook/certs/tls.key
{{- end }}
{{- $watch := or .Values.config.watchConfigMap (not (empty .Values.roleMap)) }}
{{- include "irsa-webhook.flags" (mergeOverwrite (deepCopy .Values.config) (dict "watchConfigMap" $watch)) }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
