{{/* What the objects of the test (helm test) share. */}}

{{/* Namespaces whose pods the webhook is not sent, as JSON. */}}
{{- define "irsa-webhook.selftest.unsent" -}}
{{- $webhook := .Values.webhook | default dict -}}
{{- $names := $webhook.excludedNamespaces | default list -}}
{{- if eq (toString $webhook.includeKubeSystem) "false" -}}
{{- $names = append $names "kube-system" -}}
{{- end -}}
{{- dict "names" $names | toJson -}}
{{- end -}}

{{/* Where the pod would be: the release's namespace, or `default` where that one is left alone. */}}
{{- define "irsa-webhook.selftest.namespace" -}}
{{- $unsent := (include "irsa-webhook.selftest.unsent" . | fromJson).names -}}
{{- if and .Values.selftest.namespace (has .Values.selftest.namespace $unsent) -}}
{{- fail (printf "selftest.namespace is %s, whose pods the webhook is not sent (webhook.excludedNamespaces, webhook.includeKubeSystem): choose another one" .Values.selftest.namespace) -}}
{{- end -}}
{{- default (has .Release.Namespace $unsent | ternary "default" .Release.Namespace) .Values.selftest.namespace -}}
{{- end -}}

{{/* Who runs the test. */}}
{{- define "irsa-webhook.selftest.runner" -}}
{{- include "irsa-webhook.fullname" . }}-selftest
{{- end -}}

{{/* Whose pod must come back injected. */}}
{{- define "irsa-webhook.selftest.account" -}}
{{- default (printf "%s-selftest-role" (include "irsa-webhook.fullname" .)) .Values.selftest.serviceAccountName -}}
{{- end -}}

{{/* A hook of its own for each object, made anew each time. Rights go when it has passed or failed: Helm deletes what succeeded. */}}
{{- define "irsa-webhook.selftest.hook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
