// What an account or a pod may ask for beyond a role: region, endpoints, session name, a choice of containers.
import type { AnnotationReader } from './annotation-reader.ts';
import { annotationNames } from './annotations.ts';
import { parseContainerNames } from './container-names.ts';
import { isRoleSessionName, toRoleSessionName } from './role-session-name.ts';

/** Each field is undefined where nothing is asked for; a pod's are stronger than its account's, and those than a flag. */
export type InjectionOptions = {
  /** Region of the SDKs; empty: none is given, whatever the flag. */
  readonly region?: string;
  readonly useFipsEndpoint?: boolean;
  readonly useDualstackEndpoint?: boolean;
  /** `pod`, `service-account`, or the name itself. */
  readonly roleSessionName?: string;
  /** The only containers that get an identity. */
  readonly includedContainers?: ReadonlySet<string>;
};

/** A region's name is a DNS label; a new region needs no release of this program. */
const regionForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Returns what the annotations of an account or a pod ask for; what is wrong counts as absent, with a warning each. */
export function readInjectionOptions(reader: AnnotationReader): InjectionOptions {
  const region = readRegion(reader);
  const useFipsEndpoint = reader.readBoolean(annotationNames.useFipsEndpoint, 'it is passed over');
  const useDualstackEndpoint = reader.readBoolean(annotationNames.useDualstackEndpoint, 'it is passed over');
  const roleSessionName = readRoleSessionName(reader);
  const includedContainers = readIncludedContainers(reader);
  return {
    ...(region !== undefined && { region }),
    ...(useFipsEndpoint !== undefined && { useFipsEndpoint }),
    ...(useDualstackEndpoint !== undefined && { useDualstackEndpoint }),
    ...(roleSessionName !== undefined && { roleSessionName }),
    ...(includedContainers !== undefined && { includedContainers }),
  };
}

function readRegion({ read, warn }: AnnotationReader): string | undefined {
  const text = read(annotationNames.region);
  if (text === undefined || text === '' || regionForm.test(text)) return text;
  warn(annotationNames.region, text, 'is not the name of a region', 'it is passed over');
  return undefined;
}

function readRoleSessionName({ read, warn }: AnnotationReader): string | undefined {
  const text = read(annotationNames.roleSessionName);
  if (text === undefined || isRoleSessionName(text)) return text;
  const name = toRoleSessionName(text);
  warn(annotationNames.roleSessionName, text, 'is no name that STS takes', `${name} is used`);
  return name;
}

function readIncludedContainers({ read, warn }: AnnotationReader): ReadonlySet<string> | undefined {
  const text = read(annotationNames.includeContainers);
  if (text === undefined) return undefined;
  const names = parseContainerNames(text);
  if (names === undefined) warn(annotationNames.includeContainers, text, 'is not a CSV record', 'it is passed over');
  return names;
}
