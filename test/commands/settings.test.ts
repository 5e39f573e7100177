// What the shared flags mean to the decision.
import assert from 'node:assert/strict';
import { mutateFlags, serveFlags } from '../../src/commands/flags.ts';
import { parseFlags } from '../../src/commands/parse-flags.ts';
import { accountDefaults, identityDefaults, injectionSettings, roleOwnerOf } from '../../src/commands/settings.ts';
import { defaults, settings } from '../admission/reviews.ts';

const flagsOf = (...args: string[]) => parseFlags(mutateFlags, args).values;

const serveFlagsOf = (...args: string[]) => parseFlags(serveFlags, args).values;
const ownerOf = (...args: string[]) => accountDefaults(serveFlagsOf(...args)).roleOwner;

describe('commands/settings', () => {
  it('has the defaults of the Go webhook', () => {
    assert.deepEqual(identityDefaults(flagsOf()), defaults);
    assert.deepEqual(injectionSettings(flagsOf()), settings);
  });

  it('takes each flag', () => {
    const flags = flagsOf(
      '--annotation-prefix=example.com',
      '--token-audience=audience',
      '--token-mount-path=/token',
      '--token-expiration=3600',
      '--aws-default-region=eu-west-1',
      '--sts-regional-endpoint',
      '--token-expiration-jitter',
      '--container-credentials-audience=agent',
      '--container-credentials-token-mount-path=/agent',
      '--container-credentials-token-volume-name=volume',
      '--container-credentials-token-path=file',
      '--container-credentials-full-uri=http://localhost',
    );
    assert.deepEqual(identityDefaults(flags), {
      annotationPrefix: 'example.com',
      audience: 'audience',
      regionalSts: true,
      tokenExpirationSeconds: 3600,
    });
    assert.deepEqual(injectionSettings(flags), {
      annotationPrefix: 'example.com',
      mountPath: '/token',
      region: 'eu-west-1',
      spreadsTokenExpiration: true,
      containerCredentials: {
        audience: 'agent',
        mountPath: '/agent',
        volumeName: 'volume',
        tokenPath: 'file',
        fullUri: 'http://localhost',
      },
    });
  });

  for (const [asked, used] of [
    ['-5', 600],
    ['599', 600],
    ['600', 600],
    ['4294967296', 2 ** 32],
    ['4294967297', 2 ** 32],
  ] as const) {
    it(`makes of --token-expiration=${asked} what the API server takes: ${String(used)}`, () => {
      assert.equal(identityDefaults(flagsOf(`--token-expiration=${asked}`)).tokenExpirationSeconds, used);
    });
  }

  describe('for --compose-role-arn', () => {
    it('knows no owner without it', () => {
      assert.equal(ownerOf('--aws-account-id=111122223333'), undefined);
    });

    it('takes the account, and the partition or that of the region', () => {
      const composed = ['--compose-role-arn', '--aws-account-id=111122223333'];
      assert.deepEqual(ownerOf(...composed), { accountId: '111122223333', partition: 'aws' });
      for (const [flag, partition] of [
        ['--aws-default-region=cn-north-1', 'aws-cn'],
        ['--aws-partition=aws-us-gov', 'aws-us-gov'],
      ] as const) {
        assert.deepEqual(ownerOf(...composed, flag), { accountId: '111122223333', partition });
      }
    });

    it('leaves the owner for later where no flag names the account', () => {
      assert.equal(ownerOf('--compose-role-arn'), 'later');
    });

    for (const [args, region, partition] of [
      [[], 'cn-north-1', 'aws-cn'],
      [[], '', 'aws'],
      [['--aws-default-region=us-gov-west-1'], '', 'aws-us-gov'],
      [['--aws-default-region=us-gov-west-1'], 'eu-west-1', 'aws'],
      [['--aws-partition=aws-iso'], 'cn-north-1', 'aws-iso'],
    ] as const) {
      it(`takes from metadata the account, and with region ${JSON.stringify(region)} ${args.join(' ')} ${partition}`, () => {
        const owner = roleOwnerOf({ accountId: '111122223333', region }, serveFlagsOf(...args));
        assert.deepEqual(owner, { accountId: '111122223333', partition });
      });
    }

    for (const [args, message] of [
      [['--aws-account-id=1'], /^UsageError: --aws-account-id: expected the 12 digits of an account, got "1"$/],
      [['--aws-partition=azure'], /^UsageError: --aws-partition: expected a name such as aws or aws-cn, got "azure"$/],
      [
        ['--aws-account-id=111122223333', '--aws-partition=azure'],
        /^UsageError: --aws-partition: expected a name such as aws or aws-cn, got "azure"$/,
      ],
    ] as const) {
      it(`refuses ${args.join(' ')}`, () => {
        assert.throws(() => ownerOf('--compose-role-arn', ...args), message);
      });
    }
  });
});
