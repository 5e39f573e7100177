// Reviews and pods as the API server sends them, and what the account of those pods promises.
import type { Lookup } from '../../src/accounts/lookup.ts';
import type { ReviewRequest } from '../../src/admission/review.ts';
import type { Identity, IdentityDefaults } from '../../src/identity/identity.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';

export const uid = '705ab4f5-6393-11e8-b7cc-42010a800002';
export const roleArn = 'arn:aws:iam::111122223333:role/cart';

export const defaults: IdentityDefaults = {
  annotationPrefix: 'eks.amazonaws.com',
  audience: 'sts.amazonaws.com',
  regionalSts: false,
  tokenExpirationSeconds: 86_400,
};

export const settings: InjectionSettings = {
  annotationPrefix: 'eks.amazonaws.com',
  mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  region: '',
  spreadsTokenExpiration: false,
  containerCredentials: {
    audience: 'pods.eks.amazonaws.com',
    mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    volumeName: 'eks-pod-identity-token',
    tokenPath: 'eks-pod-identity-token',
    fullUri: 'http://169.254.170.23/v1/credentials',
  },
};

export const identity: Identity & { readonly roleArn: string } = {
  kind: 'identity',
  roleArn,
  audience: 'sts.amazonaws.com',
  regionalSts: false,
  tokenExpirationSeconds: 86_400,
  warnings: [],
};

/** A source that has the identity of every account at hand. */
export const identityAtHand: Lookup = () => identity;

export const noDeadline = { atMs: Number.POSITIVE_INFINITY, callerGone: () => new AbortController().signal };

/** A pod of the account shop/cart; `spec` adds to its spec or replaces a part of it. */
export function createPod(spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cart-0', namespace: 'shop' },
    spec: { serviceAccountName: 'cart', containers: [{ name: 'app', image: 'cart:1' }], ...spec },
  };
}

/** The service account shop/cart with these annotations. */
export function createAccount(annotations: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'cart', namespace: 'shop', annotations } };
}

/** The review of the creation of such an account; `request` replaces parts of its request. */
export function createAccountReview(annotations: JsonObject, request: JsonObject = {}): JsonObject {
  return createReview({
    kind: { group: '', version: 'v1', kind: 'ServiceAccount' },
    resource: { group: '', version: 'v1', resource: 'serviceaccounts' },
    name: 'cart',
    object: createAccount(annotations),
    ...request,
  });
}

/** The review of the creation of a pod; `request` replaces parts of its request, `review` of itself. */
export function createReview(request: JsonObject = {}, review: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      name: 'cart-0',
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
      object: createPod(),
      oldObject: null,
      dryRun: false,
      ...request,
    },
    ...review,
  };
}

/** What {@link createReview} holds once it was read; `changes` replaces parts of it. */
export function createRequest(changes: Partial<ReviewRequest> = {}): ReviewRequest {
  return {
    apiVersion: 'admission.k8s.io/v1',
    uid,
    operation: 'CREATE',
    kind: '/v1/Pod',
    subResource: '',
    namespace: 'shop',
    dryRun: false,
    object: createPod(),
    oldObject: null,
    ...changes,
  };
}
