/** Where people, agents and gateways come in: the HTTP API, and the user pool people sign in with. */
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { CfnStage, HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpUserPoolAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import {
  AccountRecovery,
  CfnUserPoolGroup,
  FeaturePlan,
  Mfa,
  OAuthScope,
  StandardThreatProtectionMode,
  UserPool,
  type UserPoolClient,
} from "aws-cdk-lib/aws-cognito";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { roles } from "#domain/records.ts";
import { signInReturnUrl } from "#domain/sign-in.ts";
import type { Naming } from "./names.ts";

export class EntranceStack extends Stack {
  readonly api: HttpApi;
  readonly authorizer: HttpUserPoolAuthorizer;
  readonly users: UserPool;
  readonly client: UserPoolClient;

  constructor(
    scope: Construct,
    id: string,
    props: StackProps & { naming: Naming; logRetention: RetentionDays },
  ) {
    super(scope, id, props);
    this.users = new UserPool(this, "People", {
      selfSignUpEnabled: false,
      signInAliases: { username: true, email: true },
      passwordPolicy: {
        minLength: 12,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: Mfa.REQUIRED,
      mfaSecondFactor: { otp: true, sms: false },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      featurePlan: FeaturePlan.PLUS,
      standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const role of roles) {
      new CfnUserPoolGroup(this, `Group-${role}`, {
        userPoolId: this.users.userPoolId,
        groupName: role,
        description: `May do what a ${role} of HyperMotion may`,
      });
    }
    this.client = this.users.addClient("Console", {
      authFlows: {},
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [OAuthScope.OPENID],
        callbackUrls: [signInReturnUrl],
      },
      generateSecret: false,
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(1),
    });
    // The page people sign in on; its name is one of all the world's.
    this.users.addDomain("SignIn", {
      cognitoDomain: { domainPrefix: `${props.naming.id}-${this.account}` },
    });
    this.authorizer = new HttpUserPoolAuthorizer("People", this.users, {
      userPoolClients: [this.client],
    });
    this.api = new HttpApi(this, "Api", {
      apiName: props.naming.id,
      description: "HyperMotion: people, agents, gateways",
    });
    this.logAccess(props.logRetention);
    new CfnOutput(this, "ApiUrl", { value: this.api.apiEndpoint });
    new CfnOutput(this, "UserPoolId", { value: this.users.userPoolId });
    new CfnOutput(this, "UserPoolClientId", { value: this.client.userPoolClientId });
  }

  /** Who called what, and how it ended. Paths of callbacks hold a token, so paths are not logged, routes are. */
  private logAccess(retention: RetentionDays): void {
    const log = new LogGroup(this, "AccessLog", {
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = this.api.defaultStage?.node.defaultChild;
    if (!(stage instanceof CfnStage)) throw new Error("the API has no default stage");
    const fields = [
      "requestId",
      "requestTime",
      "httpMethod",
      "routeKey",
      "status",
      "responseLatency",
    ];
    stage.accessLogSettings = {
      destinationArn: log.logGroupArn,
      format: JSON.stringify({
        ...Object.fromEntries(fields.map((name) => [name, `$context.${name}`])),
        ip: "$context.identity.sourceIp",
        who: "$context.authorizer.claims.sub",
        error: "$context.error.message",
      }),
    };
    stage.defaultRouteSettings = { throttlingBurstLimit: 200, throttlingRateLimit: 100 };
  }
}
