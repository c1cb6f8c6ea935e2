module github.com/aktgo/akt/reliability

go 1.25

replace github.com/aktgo/akt => ../

require (
	github.com/aktgo/akt v0.0.0
	github.com/anishathalye/porcupine v1.3.1
)

require github.com/mitchellh/mapstructure v1.5.0 // indirect
