{{/* What depends on where the serving certificate comes from. */}}

{{/* Self-managed: the Secret of the authority, and the Lease; otherwise the Secret with tls.crt and tls.key. */}}
{{- define "irsa-webhook.secretName" -}}
{{- $fullname := include "irsa-webhook.fullname" . -}}
{{- $default := eq .Values.certificates.mode "cert-manager" | ternary (printf "%s-tls" $fullname) $fullname -}}
{{- default $default .Values.certificates.secretName -}}
{{- end -}}

{{/* Annotations of webhook configurations by which cert-manager's injector fills in their caBundle; else nothing. */}}
{{- define "irsa-webhook.caInjection" -}}
{{- if eq .Values.certificates.mode "cert-manager" -}}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "irsa-webhook.fullname" . }}
{{- end -}}
{{- end -}}

{{/* The authority that a value gives, in PEM; it may be base64 of it, wrapped over lines. What is neither is no PEM. */}}
{{- define "irsa-webhook.authority" -}}
{{- with .Values.certificates.caBundle -}}
{{- contains "-----BEGIN" . | ternary . (nospace . | b64dec) -}}
{{- end -}}
{{- end -}}

{{/* The caBundle of a clientConfig, in base64, where a value gives it; else nothing: somebody keeps it in the cluster. */}}
{{- define "irsa-webhook.caBundle" -}}
{{- with include "irsa-webhook.authority" . -}}
{{- b64enc . -}}
{{- end -}}
{{- end -}}

{{/* Seconds of a duration as flags have it, such as 1h30m. */}}
{{- define "irsa-webhook.seconds" -}}
{{- $sum := 0.0 -}}
{{- range $unit, $factor := dict "h" 3600 "m" 60 "s" 1 -}}
{{- range regexFindAll (printf "[0-9.]+%s" $unit) (regexReplaceAll "[0-9.]+ms" $ "") -1 -}}
{{- $sum = addf $sum (mulf (trimSuffix $unit . | float64) $factor) -}}
{{- end -}}
{{- end -}}
{{- int64 $sum -}}
{{- end -}}
