{{/* Names and labels that the objects of a release share. They are printed by toYaml: 123 and true stay texts. */}}

{{- define "irsa-webhook.name" -}}
{{- regexReplaceAll "-+$" (default .Chart.Name .Values.nameOverride | trunc 63) "" -}}
{{- end -}}

{{/* 50 characters at most, so that what is appended still makes a name; a Service's has no dots, as a release's may. */}}
{{- define "irsa-webhook.fullname" -}}
{{- $name := include "irsa-webhook.name" . -}}
{{- $ofRelease := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- regexReplaceAll "-+$" (default $ofRelease .Values.fullnameOverride | replace "." "-" | trunc 50) "" -}}
{{- end -}}

{{/* By this label entries leave the webhook's own pods out: every pod has it, whatever selects them. */}}
{{- define "irsa-webhook.ownPodLabel" -}}
irsa-webhook.io/replica-of: {{ include "irsa-webhook.fullname" . | toYaml }}
{{- end -}}

{{/* What tells the objects of a release from all others. */}}
{{- define "irsa-webhook.ownLabels" -}}
app.kubernetes.io/name: {{ include "irsa-webhook.name" . | toYaml }}
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end -}}

{{/* What the pods of a release are selected by: it never changes. */}}
{{- define "irsa-webhook.selectorLabels" -}}
{{- if .Values.selectorLabels -}}
{{ toYaml .Values.selectorLabels }}
{{- else -}}
{{ include "irsa-webhook.ownLabels" . }}
{{- end -}}
{{- end -}}

{{/* The labels of every object that the chart gives itself. */}}
{{- define "irsa-webhook.chartLabels" -}}
{{ include "irsa-webhook.ownLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: irsa-webhook
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "irsa-webhook.labels" -}}
{{ include "irsa-webhook.chartLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "irsa-webhook.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "irsa-webhook.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is required where serviceAccount.create is false: name the account that exists" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Of the MutatingWebhookConfiguration, and of the ValidatingWebhookConfiguration. */}}
{{- define "irsa-webhook.configurationName" -}}
{{- default (include "irsa-webhook.fullname" .) (.Values.webhook).name -}}
{{- end -}}

{{- define "irsa-webhook.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}
