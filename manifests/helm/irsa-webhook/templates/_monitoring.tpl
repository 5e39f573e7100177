{{/* Monitoring: values that contradict each other, and the files of alerts and dashboard with what is this release's own. */}}

{{- define "irsa-webhook.conflicts.monitoring" -}}
{{- if and .Values.monitoring.serviceMonitor.enabled .Values.monitoring.podMonitor.enabled -}}
{{- fail "monitoring.serviceMonitor.enabled and monitoring.podMonitor.enabled are both true, so that every replica would be scraped twice: set one of them to false" -}}
{{- end -}}
{{- $names := list -}}
{{- range (.Files.Get "files/alerts.yaml" | fromYaml).groups -}}
{{- range .rules -}}
{{- $names = append $names .alert -}}
{{- end -}}
{{- end -}}
{{- range .Values.monitoring.prometheusRule.disabled -}}
{{- if not (has . $names) -}}
{{- fail (printf "monitoring.prometheusRule.disabled names the alert %s, which there is not: use one of %s" . (join ", " $names)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The job of the replicas in Prometheus: both monitors take it from a label. */}}
{{- define "irsa-webhook.monitoring.job" -}}
{{- default .Release.Name .Values.monitoring.prometheusRule.job -}}
{{- end -}}

{{/* The file is good for Prometheus as it is, so that it has values and no variables: these are put in their place. */}}
{{- define "irsa-webhook.monitoring.groups" -}}
{{- $rule := .Values.monitoring.prometheusRule -}}
{{- $fullname := include "irsa-webhook.fullname" . -}}
{{- $text := .Files.Get "files/alerts.yaml"
  | replace `job="irsa-webhook"` (printf `job="%s"` (include "irsa-webhook.monitoring.job" .))
  | replace `namespace="irsa-webhook"` (printf `namespace="%s"` .Release.Namespace)
  | replace `deployment="irsa-webhook"` (printf `deployment="%s"` $fullname)
  | replace `policy="irsa-webhook-missed"` (printf `policy="%s-missed"` $fullname)
  | replace "< 100800" (printf "< %d" (int64 $rule.leafEndsSoonSeconds))
  | replace "< 50400" (printf "< %d" (int64 $rule.leafEndsNowSeconds))
  | replace "< 5256000" (printf "< %d" (int64 $rule.authorityEndsSoonSeconds))
  | replace "runbook_url: docs/alerts.md#" (printf "runbook_url: %s#" $rule.runbookUrl) -}}
{{- $groups := list -}}
{{- range (fromYaml $text).groups -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- if not (has .alert $rule.disabled) -}}
{{- $rules = append $rules (set . "labels" (merge (dict) $rule.alertLabels .labels)) -}}
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
