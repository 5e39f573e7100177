{{/* How many replicas there are, and what follows from that. */}}

{{/* As few as there may be. */}}
{{- define "irsa-webhook.leastReplicas" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicas | int -}}
{{- end -}}

{{/* "true" or nothing. With one replica a budget would hold up every drain, or protect nothing. */}}
{{- define "irsa-webhook.hasDisruptionBudget" -}}
{{- $enabled := toString .Values.podDisruptionBudget.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (gt (include "irsa-webhook.leastReplicas" . | int) 1)) -}}
true
{{- end -}}
{{- end -}}
