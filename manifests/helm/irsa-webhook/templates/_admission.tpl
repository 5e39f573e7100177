{{/* What the webhook configurations and the policies inside the API server share. */}}

{{/* The name that the program is given as --webhook-configuration. */}}
{{- define "irsa-webhook.webhookConfigurationName" -}}
{{- default (include "irsa-webhook.fullname" .) .Values.webhook.name -}}
{{- end -}}

{{- define "irsa-webhook.annotationPrefix" -}}
{{- default "eks.amazonaws.com" (.Values.config).annotationPrefix -}}
{{- end -}}

{{/* The label by which a pod, or all pods of a namespace, are left alone. */}}
{{- define "irsa-webhook.optOutLabel" -}}
{{- include "irsa-webhook.annotationPrefix" . -}}/skip-pod-identity-webhook
{{- end -}}

{{/* A file that is generated from the tables of the program (npm run chart:conditions), for this release's prefix and flags. */}}
{{- define "irsa-webhook.conditions" -}}
{{- $root := index . 0 -}}
{{- $respectsEnvFrom := eq (toString ($root.Values.config).respectEnvFrom) "true" -}}
{{- regexReplaceAll "^#.*\n" ($root.Files.Get (printf "files/conditions/%s.yaml" (index . 1))) "" | trim
  | replace "ANNOTATION_PREFIX" (include "irsa-webhook.annotationPrefix" $root)
  | replace "RESPECT_ENV_FROM" (toString $respectsEnvFrom) -}}
{{- end -}}

{{/* Pods that no entry is sent: selectors cannot say "not both labels", so that our own are told by a condition. */}}
{{- define "irsa-webhook.matchConditions" -}}
{{- include "irsa-webhook.conditions" (list . "entries") }}
- name: not-own-pod
  expression: |-
    {{- $own := list "has(object.metadata.labels)" }}
    {{- range $key, $value := include "irsa-webhook.selectorLabels" . | fromYaml }}
    {{- $own = append $own (printf "'%s' in object.metadata.labels && object.metadata.labels['%s'] == '%s'" $key $key $value) }}
    {{- end }}
    !({{ join " &&\n      " $own }})
{{- end -}}

{{/* Namespaces whose pods are looked at; the entries and the policy go by the same. */}}
{{- define "irsa-webhook.namespaceExpressions" -}}
{{- $excluded := .Values.webhook.excludedNamespaces -}}
{{- if not .Values.webhook.includeKubeSystem -}}
{{- $excluded = append $excluded "kube-system" | uniq -}}
{{- end -}}
{{- with $excluded -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ toJson . }}
{{ end -}}
- key: {{ include "irsa-webhook.optOutLabel" . }}
  operator: DoesNotExist
{{- with (.Values.webhook.namespaceSelector).matchExpressions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Pods that are looked at, whatever their namespace. */}}
{{- define "irsa-webhook.objectExpressions" -}}
- key: {{ include "irsa-webhook.optOutLabel" . }}
  operator: DoesNotExist
{{- with (.Values.webhook.objectSelector).matchExpressions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A selector: the labels of a given one, and expressions that hold its own already. */}}
{{- define "irsa-webhook.selector" -}}
{{- $given := index . 0 -}}
{{- with ($given).matchLabels -}}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{ end -}}
matchExpressions:
  {{- index . 1 | nindent 2 }}
{{- end -}}

{{/* How the API server reaches the webhook. In self-managed mode the program keeps the caBundle, and no template has it. */}}
{{- define "irsa-webhook.clientConfig" -}}
{{- $root := index . 0 -}}
service:
  name: {{ include "irsa-webhook.fullname" $root }}
  namespace: {{ $root.Release.Namespace }}
  path: {{ index . 1 }}
  port: 443
{{- if eq (default "self-managed" ($root.Values.certificates).mode) "secret" }}
{{- with ($root.Values.certificates).caBundle }}
caBundle: {{ contains "-----BEGIN" . | ternary (b64enc .) . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "irsa-webhook.webhookAnnotations" -}}
{{- $annotations := deepCopy .Values.webhook.annotations -}}
{{- if eq (default "self-managed" (.Values.certificates).mode) "cert-manager" -}}
{{- $from := printf "%s/%s" .Release.Namespace (include "irsa-webhook.fullname" .) -}}
{{- $annotations = set $annotations "cert-manager.io/inject-ca-from" $from -}}
{{- end -}}
{{- with $annotations }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/* v1 is served from Kubernetes 1.29 on. */}}
{{- define "irsa-webhook.flowControlVersion" -}}
flowcontrol.apiserver.k8s.io/{{ semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version | ternary "v1" "v1beta3" }}
{{- end -}}

{{/* Policies over service accounts exist from Kubernetes 1.30 on. */}}
{{- define "irsa-webhook.noticesMissedPods" -}}
{{- if and .Values.missedPods.enabled (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) -}}true{{- end -}}
{{- end -}}

{{/* MutatingAdmissionPolicies are v1 from Kubernetes 1.36 on. */}}
{{- define "irsa-webhook.keepsAccountLabel" -}}
{{- if and .Values.missedPods.keepAccountLabel (semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version) -}}true{{- end -}}
{{- end -}}

{{/* One sentence for values that contradict each other. */}}
{{- define "irsa-webhook.admissionConflicts" -}}
{{- if and .Values.missedPods.keepAccountLabel (hasKey ((.Values.missedPods.accountSelector).matchLabels | default dict) "irsa-webhook.io/role") (not (include "irsa-webhook.keepsAccountLabel" .)) -}}
{{- fail "missedPods.accountSelector selects a label that missedPods.keepAccountLabel cannot keep below Kubernetes 1.36: set keepAccountLabel to false and label the accounts yourself, or remove the selector" -}}
{{- end -}}
{{- end -}}
