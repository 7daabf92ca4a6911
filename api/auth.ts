import { z } from "@hono/zod-openapi";
import { roles } from "#domain/records.ts";

/** Also a part of URLs. */
export const userName = z.string().regex(/^[a-z][a-z0-9._-]{0,31}$/);
/** Length is what makes a password strong; the upper limit keeps hashing cheap. */
export const newPassword = z.string().min(10).max(200);

export const loginRequest = z
  .object({ user: z.string().min(1).max(100), password: z.string().min(1).max(200) })
  .openapi("LoginRequest");

export const loginResponse = z
  .object({
    token: z.string(),
    expiresAt: z.string(),
    user: z.string(),
    role: z.enum(roles),
    /** The password was a one-time one: the token only serves to change it. */
    mustChangePassword: z.boolean(),
  })
  .openapi("Login");

/** Where people sign in when the console keeps no users: OpenID Connect. */
export const signIn = z.object({ issuer: z.url(), clientId: z.string() }).openapi("SignIn");

export const signInView = z
  .object({
    /** Absent: here, with POST /v1/login. */
    elsewhere: signIn.optional(),
  })
  .openapi("SignInView");

export const changePasswordRequest = z
  .object({ oldPassword: z.string().min(1).max(200), newPassword })
  .openapi("ChangePasswordRequest");

export const userView = z
  .object({
    name: z.string(),
    role: z.enum(roles),
    /** Has not chosen a password yet. */
    oneTime: z.boolean(),
    /** Absent where users are kept elsewhere. */
    createdAt: z.string().optional(),
  })
  .openapi("User");

export const createUserRequest = z
  .object({ name: userName, role: z.enum(roles) })
  .openapi("CreateUserRequest");

export const changeUserRequest = z
  .object({ role: z.enum(roles).optional(), resetPassword: z.boolean().default(false) })
  .openapi("ChangeUserRequest");

/** The one-time password is shown here and nowhere else. */
export const userWithPassword = userView
  .extend({ oneTimePassword: z.string().optional() })
  .openapi("UserWithPassword");

export type SignIn = z.output<typeof signIn>;
export type Login = z.output<typeof loginResponse>;
export type UserView = z.output<typeof userView>;
