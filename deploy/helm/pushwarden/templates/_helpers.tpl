{{- define "pushwarden.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "pushwarden.fullname" -}}
{{- $name := include "pushwarden.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pushwarden.pushgateway.fullname" -}}
{{- default (printf "%s-pushgateway" (include "pushwarden.fullname" .)) .Values.pushgateway.fullnameOverride -}}
{{- end -}}

{{- define "pushwarden.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "pushwarden.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pushwarden.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pushwarden.pushgateway.selectorLabels" -}}
app.kubernetes.io/name: pushgateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pushwarden.chartLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "pushwarden.labels" -}}
{{ include "pushwarden.selectorLabels" . }}
{{ include "pushwarden.chartLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "pushwarden.pushgateway.labels" -}}
{{ include "pushwarden.pushgateway.selectorLabels" . }}
{{ include "pushwarden.chartLabels" . }}
{{- end -}}

{{- define "pushwarden.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "pushwarden.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The configuration: a text or a map. */}}
{{- define "pushwarden.config" -}}
{{- if kindIs "string" .Values.config -}}
{{- tpl .Values.config . -}}
{{- else -}}
{{- tpl (toYaml .Values.config) . -}}
{{- end -}}
{{- end -}}

{{/* A probe of the public side; over TLS if that has a certificate. Takes probe and isTls. */}}
{{- define "pushwarden.probe" -}}
{{- $probe := deepCopy .probe -}}
{{- if and .isTls (hasKey $probe "httpGet") (not (hasKey $probe.httpGet "scheme")) -}}
{{- $_ := set $probe.httpGet "scheme" "HTTPS" -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{/* A claim for a volume. Takes the values of the volume. */}}
{{- define "pushwarden.claim" -}}
accessModes: {{- toYaml .accessModes | nindent 2 }}
{{- if eq .storageClass "-" }}
storageClassName: ""
{{- else if .storageClass }}
storageClassName: {{ .storageClass | quote }}
{{- end }}
resources:
  requests: { storage: {{ .size | quote }} }
{{- end -}}

{{/* What a pod may have and need not. Takes the values of the gateway or of Pushgateway. */}}
{{- define "pushwarden.placement" -}}
{{- with .imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Gateways on nodes of their own, and whatever else is asked for. */}}
{{- define "pushwarden.affinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- with .Values.podAntiAffinity -}}
{{- $term := dict "topologyKey" $.Values.podAntiAffinityTopologyKey "labelSelector" (dict "matchLabels" (include "pushwarden.selectorLabels" $ | fromYaml)) -}}
{{- if eq . "hard" -}}
{{- $affinity = mergeOverwrite (dict "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term))) $affinity -}}
{{- else if eq . "soft" -}}
{{- $affinity = mergeOverwrite (dict "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term)))) $affinity -}}
{{- else -}}
{{- fail "podAntiAffinity is \"soft\", \"hard\" or \"\"" -}}
{{- end -}}
{{- end -}}
{{- with $affinity }}{{ toYaml . }}{{ end -}}
{{- end -}}
