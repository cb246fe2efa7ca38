// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox/server/token"
)

func (a *app) tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke the tokens by which clients are let in",
		Long: `A token belongs to an owner, who sees and uses what is its own, and nothing else.

Tokens are in a file of the state directory, or in that of --token-file, and not in
the form in which clients have them: the file has a digest of each. All of this works
while the server runs, which heeds it with the next call.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	c.AddCommand(a.tokenCreateCommand(), a.tokenListCommand(), a.tokenRevokeCommand())
	return c
}

// tokenSettings gives a command the flags that say where the tokens are.
func tokenSettings(cmd *cobra.Command) func() (*token.Store, error) {
	var s settings
	fs := cmd.Flags()
	fs.StringVar(&s.config, "config", "", "`file` of settings; see sandboxd --help")
	s.addTokenFile(fs)
	return func() (*token.Store, error) {
		if err := layer(fs, lookup); err != nil {
			return nil, err
		}
		if s.tokenFile == "" && s.stateDir == "" {
			return nil, usagef("no place where tokens are: give --token-file or --state-dir")
		}
		return token.NewStore(s.tokens()), nil
	}
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var owner string
	var expires time.Duration
	c := &cobra.Command{
		Use:     "create --owner NAME",
		Short:   "Make a token, and print it: once",
		Example: "  sandboxd token create --owner alice --expires 720h",
		Args:    noArguments,
	}
	store := tokenSettings(c)
	c.Flags().StringVar(&owner, "owner", "", "`name` of whom it belongs to")
	c.Flags().DurationVar(&expires, "expires", 0, "how long it is valid; 0: until it is revoked")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if owner == "" {
			return usagef("give --owner")
		}
		s, err := store()
		if err != nil {
			return err
		}
		t, text, err := s.Create(owner, expires)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stderr, "sandboxd: token %s of %s; what follows is not shown again\n", t.ID, t.Owner)
		fmt.Fprintln(a.stdout, text)
		return nil
	}
	return c
}

func (a *app) tokenListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List tokens", Args: noArguments}
	store := tokenSettings(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, a line for each")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := store()
		if err != nil {
			return err
		}
		list, err := s.List()
		if err != nil {
			return err
		}
		if asJSON {
			return a.printTokens(list)
		}
		w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tOWNER\tCREATED\tEXPIRES")
		for _, t := range list {
			expires := "never"
			switch {
			case t.Expired(time.Now()):
				expires = "expired"
			case !t.Expires.IsZero():
				expires = t.Expires.Local().Format(time.DateTime)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.ID, t.Owner, t.Created.Local().Format(time.DateTime), expires)
		}
		return w.Flush()
	}
	return c
}

// printTokens prints what is no secret, nor a digest of one.
func (a *app) printTokens(list []token.Token) error {
	e := json.NewEncoder(a.stdout)
	for _, t := range list {
		if err := e.Encode(struct {
			ID      string    `json:"id"`
			Owner   string    `json:"owner"`
			Created time.Time `json:"created"`
			Expires time.Time `json:"expires,omitzero"`
		}{t.ID, t.Owner, t.Created, t.Expires}); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	c := &cobra.Command{Use: "revoke ID", Short: "Make a token worth nothing, at once", Args: func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("give the id of one token")
		}
		return nil
	}}
	store := tokenSettings(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := store()
		if err != nil {
			return err
		}
		return s.Revoke(args[0])
	}
	return c
}
