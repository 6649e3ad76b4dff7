mock_resource "azapi_resource" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Web/sites/mocked" }
}
