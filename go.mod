module github.com/aktgo/akt

go 1.25

require (
	github.com/mitchellh/mapstructure v1.5.0
	github.com/stretchr/testify v1.12.1
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
