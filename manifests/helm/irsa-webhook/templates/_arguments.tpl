{{/* The arguments of the container: the flags of the program. */}}

{{/* A map of values as flags: {awsDefaultRegion: x} is --aws-default-region=x; an empty one is the program's default. */}}
{{- define "irsa-webhook.flags" -}}
{{- range $key, $value := . }}
{{- if ne (toString $value) "" }}
- {{ printf "--%s=%v" ($key | trimSuffix "Seconds" | kebabcase) (kindIs "float64" $value | ternary (int64 $value) $value) | quote }}
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
