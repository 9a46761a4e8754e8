package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

const schemaFile = "audits-v1.schema.json"

// schemaOfFlags makes the JSON Schema of manifests of the flags of verify.
func schemaOfFlags() ([]byte, error) {
	flags, required := map[string]any{}, []string{}
	keys := manifestKeys(context.Background(), nil)
	c, _ := newVerify()
	c.Flags().VisitAll(func(f *pflag.Flag) {
		key, ok := keys[f.Name]
		if !ok {
			return
		}
		scalar := map[string]any{"type": []string{"string", "number", "boolean"}}
		usage := strings.ReplaceAll(f.Usage, "`", "")
		flags[f.Name] = map[string]any{"description": usage, "type": scalar["type"]}
		if key.Repeatable {
			flags[f.Name] = map[string]any{"description": usage, "anyOf": []any{scalar, map[string]any{"type": "array", "items": scalar}}}
		}
		if key.Required {
			required = append(required, f.Name)
		}
	})
	entry := map[string]any{"name": map[string]any{"type": "string", "description": "name of the audit and of its folder",
		"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"}}
	for name := range flags {
		entry[name] = map[string]any{"$ref": "#/$defs/flags/" + name}
	}
	defaults := map[string]any{}
	for name := range flags {
		defaults[name] = entry[name]
	}
	object := func(properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	}
	audit := object(entry)
	audit["required"] = []string{"name"}
	root := object(map[string]any{"defaults": object(defaults), "audits": map[string]any{"type": "array", "minItems": 1, "items": audit}})
	root["$schema"], root["title"] = "https://json-schema.org/draft/2020-12/schema", "unlearnguard audits"
	root["description"] = "A manifest for unlearnguard audit: audits with a name and the flags of verify; " +
		strings.Join(required, ", ") + " must be given by each audit or by the defaults."
	root["$defs"] = map[string]any{"flags": flags}
	root["required"] = []string{"audits"}
	var out bytes.Buffer
	err := encode(&out, root)
	return out.Bytes(), err
}

// The schema that is printed and kept for editors has all flags that a manifest may hold.
func TestManifestSchemaHasAllFlags(t *testing.T) {
	want, err := schemaOfFlags()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want, manifestSchema) {
		t.Errorf("%s is not that of the flags of verify: go test ./cmd/unlearnguard -run ManifestSchema -update writes it anew", schemaFile)
	}
}

func TestManifestSchemaTellsManifests(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifestSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaFile, document); err != nil {
		t.Fatal(err)
	}
	schema := compiler.MustCompile(schemaFile)
	for text, valid := range map[string]bool{
		"audits: [{name: a, before: x, after: y, forget: [z]}]":                           true,
		"{defaults: {level: 0.01, bom: true}, audits: [{name: a, before: x, forget: z}]}": true,
		"audits: []":                         false,
		"audits: [{before: x}]":              false,
		"audits: [{name: ../a}]":             false,
		"audits: [{name: a, befor: x}]":      false,
		"audits: [{name: a, out: x}]":        false,
		"audits: [{name: a, before: [x]}]":   false,
		"{audits: [{name: a}], default: {}}": false,
	} {
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); (err == nil) != valid {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Flags that say what is to be found count everywhere; the others where they must. A new flag that is none of these is right as it is,
// and one that was made incidental must be added here.
func TestIncidentalFlags(t *testing.T) {
	keys := manifestKeys(context.Background(), nil)
	c, _ := newVerify()
	c.InitDefaultHelpFlag()
	manifest := map[string]bool{"attest": true, "bom": true, "fail-on": true, "max-images": true, "threads": true}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		_, held := keys[f.Name]
		of := slices.Contains([]string{"format", "help", "out", "resume"}, f.Name) || manifest[f.Name]
		if isIncidental(f.Name) != of || held != (!of || manifest[f.Name]) {
			t.Errorf("--%s: incidental %v, in manifests %v", f.Name, isIncidental(f.Name), held)
		}
	})
	var required []string
	for name, key := range keys {
		if key.Required {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	if !slices.Equal(required, []string{"after", "before", "forget"}) {
		t.Errorf("required: %v", required)
	}
}
