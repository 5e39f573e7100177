{{/* Values that contradict each other: each fails with one sentence that says what to change. */}}

{{- define "irsa-webhook.conflicts" -}}
{{- include "irsa-webhook.conflicts.names" . -}}
{{- include "irsa-webhook.conflicts.replicas" . -}}
{{- include "irsa-webhook.conflicts.ports" . -}}
{{- include "irsa-webhook.conflicts.certificates" . -}}
{{- if eq .Values.certificates.mode "cert-manager" -}}
{{- include "irsa-webhook.conflicts.certManager" . -}}
{{- end -}}
{{- include "irsa-webhook.conflicts.monitoring" . -}}
{{- include "irsa-webhook.conflicts.missedPods" . -}}
{{- include "irsa-webhook.conflicts.flags" . -}}
{{- end -}}

{{- define "irsa-webhook.conflicts.names" -}}
{{- $fullname := include "irsa-webhook.fullname" . -}}
{{- if not (regexMatch "^[a-z]" $fullname) -}}
{{- fail (printf "the objects would be named %s by the release, and the name of a Service begins with a letter: set fullnameOverride" $fullname) -}}
{{- end -}}
{{- $pods := include "irsa-webhook.ownPodLabel" . | fromYaml -}}
{{- $own := merge (include "irsa-webhook.chartLabels" . | fromYaml) $pods -}}
{{- range $key := concat (keys $own) (list "app.kubernetes.io/component" (include "irsa-webhook.optOutLabel" .)) -}}
{{- if hasKey $.Values.commonLabels $key -}}
{{- fail (printf "commonLabels has %s, which the chart sets itself: take it out" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "irsa-webhook.conflicts.replicas" -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- $least := include "irsa-webhook.leastReplicas" . | int -}}
{{- if not (or (kindIs "invalid" $budget.minAvailable) (kindIs "invalid" $budget.maxUnavailable)) -}}
{{- fail "podDisruptionBudget.minAvailable and podDisruptionBudget.maxUnavailable are both set: set one of them to null" -}}
{{- end -}}
{{- if and (eq (toString $budget.enabled) "true") (le $least 1) -}}
{{- fail "podDisruptionBudget.enabled is true with one replica, which would hold up every drain or protect nothing: set replicas (or autoscaling.minReplicas) to at least 2, or podDisruptionBudget.enabled to auto" -}}
{{- end -}}
{{- $has := include "irsa-webhook.hasDisruptionBudget" . -}}
{{- if and $has (eq (toString $budget.maxUnavailable | trimSuffix "%" | trimAll "0") "") -}}
{{- fail (printf "podDisruptionBudget.maxUnavailable is %s, so that no node with a replica could be drained: set it to at least 1" (toString $budget.maxUnavailable)) -}}
{{- end -}}
{{- if not (kindIs "invalid" $budget.minAvailable) -}}
{{- /* As the API server counts: a percentage of the replicas, rounded up. */ -}}
{{- $given := toString $budget.minAvailable -}}
{{- $kept := trimSuffix "%" $given | atoi -}}
{{- if hasSuffix "%" $given -}}
{{- $kept = div (add (mul $kept $least) 99) 100 -}}
{{- end -}}
{{- if and $has (ge (int $kept) $least) -}}
{{- fail (printf "podDisruptionBudget.minAvailable is %s with %d replicas, so that no node with one could be drained: set it to at most %d" $given $least (sub $least 1)) -}}
{{- end -}}
{{- if and (eq (toString $budget.enabled) "auto") (eq $least 1) (gt (int $kept) 0) -}}
{{- fail (printf "podDisruptionBudget.minAvailable is %s with one replica, for which podDisruptionBudget.enabled auto makes no budget: set replicas (or autoscaling.minReplicas) to at least 2, or minAvailable to null" $given) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas: raise the one or lower the other" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not (dig "requests" "cpu" "" .Values.resources)) -}}
{{- fail "autoscaling.enabled needs resources.requests.cpu, which its target is a percentage of: set it" -}}
{{- end -}}
{{- $surge := toString .Values.rollingUpdate.maxSurge | trimSuffix "%" -}}
{{- $unavailable := toString .Values.rollingUpdate.maxUnavailable | trimSuffix "%" -}}
{{- if and (eq $surge "0") (eq $unavailable "0") -}}
{{- fail "rollingUpdate.maxSurge and rollingUpdate.maxUnavailable are both 0, so that no replica could ever be replaced: set one of them to 1" -}}
{{- end -}}
{{- end -}}

{{- define "irsa-webhook.conflicts.ports" -}}
{{- if eq (int .Values.port) (int .Values.metricsPort) -}}
{{- fail "port and metricsPort are the same: give each its own" -}}
{{- end -}}
{{- if and (eq .Values.service.ipFamilyPolicy "SingleStack") (gt (len .Values.service.ipFamilies) 1) -}}
{{- fail "service.ipFamilies has two families with service.ipFamilyPolicy SingleStack: leave one of them out, or set the policy to PreferDualStack" -}}
{{- end -}}
{{- if .Values.hostNetwork -}}
{{- /* Of the kubelet and of kube-proxy, on every node. */ -}}
{{- $taken := list 10248 10249 10250 10255 10256 -}}
{{- range $name := list "port" "metricsPort" -}}
{{- if has (int (get $.Values $name)) $taken -}}
{{- fail (printf "%s is %d, which the kubelet or kube-proxy has in the host's network (hostNetwork): choose another one, such as %d" $name (int (get $.Values $name)) (eq $name "port" | ternary 9443 9999)) -}}
{{- end -}}
{{- end -}}
{{- if .Values.networkPolicy.enabled -}}
{{- fail "networkPolicy.enabled guards nothing in the host's network (hostNetwork): set one of them to false" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "irsa-webhook.conflicts.certificates" -}}
{{- $certificates := .Values.certificates -}}
{{- if and (ne $certificates.mode "secret") $certificates.caBundle -}}
{{- fail (printf "certificates.caBundle is set with certificates.mode %s, which keeps the caBundle itself: leave it empty, or set certificates.mode to secret" $certificates.mode) -}}
{{- end -}}
{{- if and (ne $certificates.mode "cert-manager") $certificates.certManager.issuerRef.name -}}
{{- fail (printf "certificates.certManager.issuerRef.name is set with certificates.mode %s: set certificates.mode to cert-manager, or leave it empty" $certificates.mode) -}}
{{- end -}}
{{- if and (eq $certificates.mode "secret") (not $certificates.secretName) -}}
{{- fail "certificates.secretName is required with certificates.mode secret: name the Secret that holds tls.crt and tls.key" -}}
{{- end -}}
{{- $authority := include "irsa-webhook.authority" . -}}
{{- if contains "PRIVATE KEY" $authority -}}
{{- fail "certificates.caBundle holds a private key, which anybody could read in the webhook configurations: give the authority's certificate alone" -}}
{{- end -}}
{{- if and $certificates.caBundle (not (regexMatch "-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----" $authority)) -}}
{{- fail "certificates.caBundle holds no certificate: give the authority's in PEM, or base64 of it (--set-file certificates.caBundle=ca.crt)" -}}
{{- end -}}
{{- /* By which cert-manager's injector and OpenShift's service-ca fill in a caBundle. */ -}}
{{- $injectors := list "cert-manager.io/inject-ca-from" "cert-manager.io/inject-ca-from-secret" "cert-manager.io/inject-apiserver-ca" "service.beta.openshift.io/inject-cabundle" -}}
{{- $injected := false -}}
{{- range $key, $value := .Values.webhook.annotations -}}
{{- if and (has $key $injectors) (not (has $value (list "" "false"))) -}}
{{- $injected = true -}}
{{- if ne $certificates.mode "secret" -}}
{{- fail (printf "webhook.annotations has %s with certificates.mode %s, which keeps the caBundle itself: take it out, or set certificates.mode to secret" $key $certificates.mode) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $certificates.mode "secret") (not $certificates.caBundle) (not $injected) -}}
{{- fail (printf "certificates.caBundle is required with certificates.mode secret: give the authority of the certificate in PEM, or in webhook.annotations one by which an injector fills it in (%s)" (join ", " $injectors)) -}}
{{- end -}}
{{- end -}}

{{- define "irsa-webhook.conflicts.certManager" -}}
{{- $certManager := .Values.certificates.certManager -}}
{{- $duration := include "irsa-webhook.seconds" $certManager.duration | int64 -}}
{{- if ge (include "irsa-webhook.seconds" $certManager.renewBefore | int64) $duration -}}
{{- fail (printf "certificates.certManager.renewBefore (%s) is not shorter than certificates.certManager.duration (%s), so that the certificate would be renewed without end: shorten it, or lengthen the duration" $certManager.renewBefore $certManager.duration) -}}
{{- end -}}
{{- if not $certManager.issuerRef.name -}}
{{- if ge $duration (include "irsa-webhook.seconds" $certManager.authorityDuration | int64) -}}
{{- fail (printf "certificates.certManager.authorityDuration (%s) is not longer than certificates.certManager.duration (%s), which it signs for: lengthen it, or shorten the duration" $certManager.authorityDuration $certManager.duration) -}}
{{- end -}}
{{- $authority := printf "%s-authority" (include "irsa-webhook.fullname" .) -}}
{{- if eq .Values.certificates.secretName $authority -}}
{{- fail (printf "certificates.secretName is %s, which is the Secret of the authority: choose another one" $authority) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "irsa-webhook.conflicts.monitoring" -}}
{{- if and .Values.monitoring.serviceMonitor.enabled .Values.monitoring.podMonitor.enabled -}}
{{- fail "monitoring.serviceMonitor.enabled and monitoring.podMonitor.enabled are both true, so that every replica would be scraped twice: set one of them to false" -}}
{{- end -}}
{{- $limits := include "irsa-webhook.monitoring.limits" . | fromYaml -}}
{{- if gt (int64 $limits.now) (int64 $limits.soon) -}}
{{- fail (printf "monitoring.prometheusRule.leafEndsNowSeconds comes to %d and leafEndsSoonSeconds to %d, so that the warning would come last: lower the one or raise the other" (int64 $limits.now) (int64 $limits.soon)) -}}
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

{{- define "irsa-webhook.conflicts.missedPods" -}}
{{- $missedPods := .Values.missedPods -}}
{{- $selectsLabel := hasKey (dig "matchLabels" dict (default dict $missedPods.accountSelector)) "irsa-webhook.io/role" -}}
{{- if and $missedPods.keepAccountLabel $selectsLabel (not (include "irsa-webhook.keepsAccountLabel" .)) -}}
{{- fail "missedPods.keepAccountLabel cannot keep the label that missedPods.accountSelector selects below Kubernetes 1.36: set keepAccountLabel to false and label the accounts yourself, or remove the selector" -}}
{{- end -}}
{{- end -}}

{{- define "irsa-webhook.conflicts.flags" -}}
{{- $owners := include "irsa-webhook.flagValues" . | fromYaml -}}
{{- range $argument := .Values.extraArgs -}}
{{- $flag := hasPrefix "-v" $argument | ternary "v" (regexFind "^--?[^=]*" $argument | trimPrefix "-" | trimPrefix "-") -}}
{{- with get $owners $flag -}}
{{- fail (printf "extraArgs has %s, which other parts of the chart go by: set %s instead" $argument .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.config.clientName (not .Values.config.clientCaFile) -}}
{{- fail "config.clientName counts only in a certificate that is verified: set config.clientCaFile, too, or leave it empty" -}}
{{- end -}}
{{- end -}}
