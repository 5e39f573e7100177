// Tells whether a text is the ARN of an IAM role.

/** The Go webhook's form of a role's ARN (pkg/cache/cache.go, addSA): any partition, 12 digits, path and name. */
const roleArnForm = /^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w/.@+=,-]+$/;

/** Returns whether the text has the form of a role's ARN; nobody is asked whether that role exists. */
export function isRoleArn(text: string): boolean {
  return roleArnForm.test(text);
}
