{{/* What depends on where the serving certificate comes from. */}}

{{/* Self-managed: the Secret of the authority, and the Lease; otherwise the Secret with tls.crt and tls.key. */}}
{{- define "irsa-webhook.secretName" -}}
{{- $fullname := include "irsa-webhook.fullname" . -}}
{{- $default := eq .Values.certificates.mode "cert-manager" | ternary (printf "%s-tls" $fullname) $fullname -}}
{{- default $default .Values.certificates.secretName -}}
{{- end -}}
