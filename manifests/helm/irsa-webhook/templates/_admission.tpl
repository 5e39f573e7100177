{{/* What the webhook configurations and the policies inside the API server share. */}}

{{/* The label by which a pod, or all pods of a namespace, are left alone. */}}
{{- define "irsa-webhook.optOutLabel" -}}
{{- .Values.config.annotationPrefix -}}/skip-pod-identity-webhook
{{- end -}}

{{/* A file that is generated from the tables of the program (npm run chart:conditions), for this release's prefix and flags. */}}
{{- define "irsa-webhook.conditions" -}}
{{- $root := index . 0 -}}
{{- regexReplaceAll "^#.*\n" ($root.Files.Get (printf "files/conditions/%s.yaml" (index . 1))) "" | trim
  | replace "ANNOTATION_PREFIX" $root.Values.config.annotationPrefix
  | replace "WATCH_NAMESPACES" (toString $root.Values.config.watchNamespaces)
  | replace "RESPECT_ENV_FROM" (toString $root.Values.config.respectEnvFrom) -}}
{{- end -}}

{{/* Pods that no entry is sent. Our own are told by a condition, which holds in their namespace only: anybody may write labels. */}}
{{- define "irsa-webhook.matchConditions" -}}
{{- include "irsa-webhook.conditions" (list . "entries") }}
- name: not-own-pod
  expression: |-
    {{- range $key, $name := include "irsa-webhook.ownPodLabel" . | fromYaml }}
    !(request.namespace == '{{ $.Release.Namespace }}' &&
      has(object.metadata.labels) && '{{ $key }}' in object.metadata.labels &&
      object.metadata.labels['{{ $key }}'] == '{{ $name }}')
    {{- end }}
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
  name: {{ include "irsa-webhook.fullname" $root | toYaml }}
  namespace: {{ $root.Release.Namespace | toYaml }}
  path: {{ index . 1 }}
  port: 443
{{- with include "irsa-webhook.caBundle" $root }}
caBundle: {{ . }}
{{- end }}
{{- end -}}

{{/* Annotations of the webhook configurations. */}}
{{- define "irsa-webhook.webhookAnnotations" -}}
{{- $annotations := include "irsa-webhook.caInjection" . | fromYaml | merge (deepCopy (default dict .Values.webhook.annotations)) -}}
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
