{{/* Monitoring: the files of alerts and dashboard with what is this release's own, and how both monitors scrape. */}}

{{/* The job of the replicas in Prometheus: both monitors take it from a label. */}}
{{- define "irsa-webhook.monitoring.job" -}}
{{- default .Release.Name .Values.monitoring.prometheusRule.job -}}
{{- end -}}

{{/*
At how much that is left of a certificate or authority its alerts fire: at half and a quarter of the time that is left when
it is renewed. That is a third of its life, or what cert-manager is told; of what somebody else keeps in a Secret it is not
known.
*/}}
{{- define "irsa-webhook.monitoring.limits" -}}
{{- $rule := .Values.monitoring.prometheusRule -}}
{{- $certificates := .Values.certificates -}}
{{- $day := 86400 -}}
{{- $soon := mul 7 $day -}}
{{- $now := mul 2 $day -}}
{{- if eq $certificates.mode "self-managed" -}}
{{- $life := include "irsa-webhook.seconds" $certificates.selfManaged.certificateLifetime | int64 -}}
{{- $soon = div $life 6 -}}
{{- $now = div $life 12 -}}
{{- else if eq $certificates.mode "cert-manager" -}}
{{- $renewBefore := include "irsa-webhook.seconds" $certificates.certManager.renewBefore | int64 -}}
{{- $soon = div $renewBefore 2 -}}
{{- $now = div $renewBefore 4 -}}
{{- end -}}
{{- $authority := div (include "irsa-webhook.seconds" $certificates.selfManaged.caLifetime | int64) 6 -}}
soon: {{ default $soon (int64 $rule.leafEndsSoonSeconds) }}
now: {{ default $now (int64 $rule.leafEndsNowSeconds) }}
authority: {{ default $authority (int64 $rule.authorityEndsSoonSeconds) }}
{{- end -}}

{{/* The file is good for Prometheus as it is, so that it has values and no variables: these are put in their place. */}}
{{- define "irsa-webhook.monitoring.groups" -}}
{{- $rule := .Values.monitoring.prometheusRule -}}
{{- $fullname := include "irsa-webhook.fullname" . -}}
{{- $limits := include "irsa-webhook.monitoring.limits" . | fromYaml -}}
{{- $text := .Files.Get "files/alerts.yaml"
  | replace `job="irsa-webhook"` (printf `job="%s"` (include "irsa-webhook.monitoring.job" .))
  | replace `namespace="irsa-webhook"` (printf `namespace="%s"` .Release.Namespace)
  | replace `deployment="irsa-webhook"` (printf `deployment="%s"` $fullname)
  | replace `policy="irsa-webhook-missed"` (printf `policy="%s-missed"` $fullname)
  | replace "< 100800" (printf "< %d" (int64 $limits.soon))
  | replace "< 50400" (printf "< %d" (int64 $limits.now))
  | replace "< 5256000" (printf "< %d" (int64 $limits.authority))
  | replace "runbook_url: https://github.com/irsa-webhook/irsa-webhook/blob/main/docs/alerts.md#" (printf "runbook_url: %s#" $rule.runbookUrl) -}}
{{- /* Without the policy, or its audit action, which alone is counted once a pod, this one would never fire. */ -}}
{{- $leftOut := default list $rule.disabled -}}
{{- if not (and (include "irsa-webhook.noticesMissedPods" .) (has "Audit" .Values.missedPods.validationActions)) -}}
{{- $leftOut = append $leftOut "IrsaPodsMissed" -}}
{{- end -}}
{{- $groups := list -}}
{{- range (fromYaml $text).groups -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- if not (has .alert $leftOut) -}}
{{- $rules = append $rules (set . "labels" (merge (dict) (default dict $rule.alertLabels) .labels)) -}}
{{- end -}}
{{- end -}}
{{- if $rules -}}
{{- $groups = append $groups (set . "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end -}}

{{/* Both monitors scrape alike. */}}
{{- define "irsa-webhook.monitoring.endpoint" -}}
port: metrics
path: /metrics
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
