// Uses the client that openapi-generator generates for Go. Arguments: URL, access token, prices.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	integrity "example.org/shop/integrity"
)

func main() {
	configuration := integrity.NewConfiguration()
	configuration.Servers = integrity.ServerConfigurations{{URL: os.Args[1]}}
	products := integrity.NewAPIClient(configuration).ProductsAPI
	as := context.WithValue(context.Background(), integrity.ContextAccessToken, os.Args[2])
	for _, text := range os.Args[3:] {
		number, err := strconv.ParseFloat(text, 64)
		check(err)
		for _, price := range []integrity.Price{{Float64: &number}, {String: &text}} {
			body := *integrity.NewProductCreation("Lamp", price, 9007199254740991)
			made, _, err := products.CreateProduct(as).ProductCreation(body).Execute()
			check(err)
			read, _, err := products.GetProduct(as, made.Id).Execute()
			check(err)
			fmt.Println(strconv.FormatFloat(read.Price, 'f', -1, 64), read.Stock)
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
